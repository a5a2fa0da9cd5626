//go:build !race

package smime_test

// slower is what the race detector makes of arithmetic.
const slower = 1
