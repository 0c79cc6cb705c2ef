package route

// A Config is a routing config, validated and compiled. It is immutable.
type Config struct{}
