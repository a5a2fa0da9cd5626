package push

import "fmt"

// preCommit is the push that the framework pre-commit (pre-commit.com) runs hooks
// for. It reads git's lines itself (its commands/hook_impl.py) and tells of the
// first ref with something new; deletions and the other refs nobody hears of.
//
//   - PRE_COMMIT_REMOTE_NAME, _REMOTE_URL, _REMOTE_BRANCH and _LOCAL_BRANCH are
//     what git said. pre-commit run sets them only if its flags do.
//   - PRE_COMMIT_TO_REF is what is pushed. It is not set, nor is FROM_REF, where all
//     of a history is new to the remote.
//   - PRE_COMMIT_FROM_REF is the remote's old tip if that is here. Otherwise, and
//     for a new branch, it is a parent of the first commit that refs/remotes/NAME
//     do not reach: no tip of anything.
//
// So the old tip is what tips, those of the last fetch, say. A remote of which
// nothing is known here cannot have FROM_REF but as its old tip.
func preCommit(getenv func(string) string, tips map[string]string, resolve func(rev string) (string, error)) ([]Update, error) {
	ref, to := getenv("PRE_COMMIT_REMOTE_BRANCH"), getenv("PRE_COMMIT_TO_REF")
	if to == "" {
		to = getenv("PRE_COMMIT_LOCAL_BRANCH")
	}
	if ref == "" || to == "" {
		return nil, fmt.Errorf("%w: pre-commit does so for git push alone, or with --remote-branch, --local-branch, --remote-name and --remote-url of pre-commit run", ErrNoPush)
	}
	after, err := resolve(to)
	if err != nil {
		return nil, err
	}
	before := tips[ref]
	if from := getenv("PRE_COMMIT_FROM_REF"); from != "" && len(tips) == 0 {
		if before, err = resolve(from); err != nil {
			return nil, err
		}
	}
	if err := checkRef(ref); err != nil || before == after {
		return nil, err
	}
	return []Update{{Ref: ref, Old: before, New: after}}, nil
}
