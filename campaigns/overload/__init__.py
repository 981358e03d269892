"""When there is more to send than fits: noticed, answered by careful numbers and by the reserve, and put before people."""
