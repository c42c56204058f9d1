"""What happens by the clock, one file each: `now` goes in, effects come out."""
