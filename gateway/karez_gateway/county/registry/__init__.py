"""The registry: kinds and fields as data, objects as they stood at a moment, their trees, their changing."""
