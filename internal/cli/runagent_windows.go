package cli

import "context"

// runAgent fails: the agent's sockets need what Windows has not.
func (env Env) runAgent(context.Context) error {
	return usagef("there is no agent on Windows yet: every signature gets a fresh key")
}
