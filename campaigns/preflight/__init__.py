"""What a campaign will do, told before it starts and kept to be compared with what it did."""
