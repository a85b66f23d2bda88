"""A whole county on the real field link: thousands of controllers, one broker, one gateway."""
