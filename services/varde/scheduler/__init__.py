"""Events and timers in, messages out: leader and standby."""
