"""What `needlework doctor` looks at."""
