/*
Package pushes holds paraph's hooks to what docs/policy.md says of them, with
real pushes: a real client of git pushes to a real git-receive-pack, over a
path, over git's http backend and over ssh, and paraph is the repository's hook.

pushes.tsv is the table of situations and of what is expected of each push. It
was written from the documentation, not from what the program does. A refused
push is to leave nothing: no ref has moved, and no object has stayed.

It is all tests: there is nothing in it to import.
*/
package pushes
