"""What a person in Slack can ask for, one file each: a Request goes in, a Reply comes out."""
