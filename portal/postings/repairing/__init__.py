"""What a person needs to decide about one posting: what may be done and why not, and what stands in the books now."""
