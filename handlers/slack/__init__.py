"""Delivery to Slack: channels and what they want, deliveries, the sending itself."""
