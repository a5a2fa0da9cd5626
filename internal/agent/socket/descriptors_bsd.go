//go:build darwin || freebsd

package socket

// keepDescriptors keeps every descriptor of this process from those that it
// starts: Go does so with its own, but not with what it was itself started
// with.
func keepDescriptors() { keepEach() }
