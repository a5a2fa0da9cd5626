package cli

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/paraph/paraph/internal/policy"
)

func (env Env) policyImportCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "import FILE", Short: "Make signers of an allowed_signers file",
		Long: `Make signers of an allowed_signers file, as ssh-keygen and gpg.ssh.allowedSignersFile
know it, and print their sections, or append them to a policy.

What is lost on the way is said on standard error. No section allows the signers
anything yet: add allow lines.`,
		Args: exactlyOne("FILE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			output, _ := cmd.Flags().GetString("output")
			if cmd.Flags().Changed("output") && output == "" {
				return usagef("--output: the value is empty")
			}
			return env.importSigners(args[0], output)
		},
	}
	cmd.Flags().String("output", "", "append to the policy `FILE`, which must be valid with them")
	return cmd
}

// importSigners runs paraph policy import.
func (env Env) importSigners(from, output string) error {
	data, err := env.ReadFile(from, policy.MaxSize)
	if err != nil {
		return usagef("%w", err)
	}
	signers, notes, err := policy.ImportAllowedSigners(data)
	if err != nil {
		return usagef("%s: %w", from, err)
	}
	if err := writeProblems(env.Stderr, from, "note", notes); err != nil {
		return err
	}
	switch {
	case len(signers) == 0:
		return usagef("%s: no line of it became a signer", from)
	case output == "" || output == "-":
		_, err := env.Stdout.Write(signers)
		return err
	}
	return env.appendSigners(output, signers)
}

// appendSigners appends sections to a policy. What would not be one then stays
// as it is.
func (env Env) appendSigners(file string, signers []byte) error {
	info, err := os.Lstat(file)
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s is no regular file; name the policy itself", file)
	}
	if err != nil {
		return usagef("%w", err)
	}
	data, err := env.ReadFile(file, policy.MaxSize)
	if err != nil {
		return usagef("%w", err)
	}
	if n := len(data); n > 0 && data[n-1] != '\n' {
		data = append(data, '\n')
	}
	data = append(data, signers...)
	if _, err := env.parseBeside(file, data); err != nil {
		return &exitError{exitVerdict, fmt.Errorf("nothing is appended, as it would be no policy: %w", err)}
	}
	return replaceFile(file, data, info.Mode().Perm())
}
