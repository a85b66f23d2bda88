"""What comes up from controllers: frames to durable entries, and the judgement of each chain."""
