package scribe

import (
	"fmt"
	"strings"

	"github.com/paraph/paraph/internal/testpki"
)

// Someone is a keyless signer with an address of that name, certified for it
// by an issuer.
func Someone(name, issuer string) Keyless {
	address := name + "@example.com"
	return Keyless{Name: name, Address: address, Identity: testpki.Identity{Email: address, Issuer: issuer}}
}

// Policy is the text of a policy.
func Policy(sections ...string) string {
	return "[policy]\n\tversion = 1\n" + strings.Join(sections, "")
}

// SignerSection is a section for a keyless signer, with further lines.
func SignerSection(k Keyless, lines ...string) string {
	return Section("signer", k.Name, append([]string{"identity = " + k.Identity.Email, "issuer = " + k.Identity.Issuer}, lines...)...)
}

// Section is any section; it has no name where that is empty.
func Section(kind, name string, lines ...string) string {
	head := "[" + kind + "]"
	if name != "" {
		head = fmt.Sprintf("[%s %q]", kind, name)
	}
	return head + "\n\t" + strings.Join(lines, "\n\t") + "\n"
}

// Allow are the lines that allow signers.
func Allow(names ...string) []string {
	var out []string
	for _, n := range names {
		out = append(out, "allow = "+n)
	}
	return out
}
