"""What a campaign brought in and what it cost: people and money by wording, number and hour of sending."""
