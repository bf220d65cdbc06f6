"""needlework: a durable asyncio message bus on SQLite and the operations that run on it."""
