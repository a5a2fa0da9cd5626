// Package servers follows docs/servers.md: its test runs the guide's own
// commands and configuration, with OpenSSH and with nginx, and pushes. What the
// guide says of a system's folders happens in a temporary one, and whom it has
// sudo become is whoever runs the test.
package servers
