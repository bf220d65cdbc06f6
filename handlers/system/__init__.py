"""Operations on the service itself: ticks and runs of runners."""
