package testpki

import "errors"

// workflowClaims are those of a GitHub Actions token that end up in a
// certificate.
type workflowClaims struct {
	EventName            string `json:"event_name"`
	SHA                  string `json:"sha"`
	Workflow             string `json:"workflow"`
	Repository           string `json:"repository"`
	Ref                  string `json:"ref"`
	RepositoryID         string `json:"repository_id"`
	RepositoryOwner      string `json:"repository_owner"`
	RepositoryOwnerID    string `json:"repository_owner_id"`
	RepositoryVisibility string `json:"repository_visibility"`
	JobWorkflowRef       string `json:"job_workflow_ref"`
	JobWorkflowSHA       string `json:"job_workflow_sha"`
	WorkflowRef          string `json:"workflow_ref"`
	WorkflowSHA          string `json:"workflow_sha"`
	RunID                string `json:"run_id"`
	RunAttempt           string `json:"run_attempt"`
	RunnerEnvironment    string `json:"runner_environment"`
}

// identity is what Fulcio certifies for a workflow: extensions 2 to 6 the old
// way, 9 to 22 the new one, 24 the token's subject.
func (c *workflowClaims) identity(issuer, subject string) (Identity, error) {
	if c.JobWorkflowRef == "" || c.Repository == "" || c.SHA == "" || c.Ref == "" {
		return Identity{}, errors.New("claims of a workflow are missing")
	}
	const host = "https://github.com/"
	return Identity{
		URI:    host + c.JobWorkflowRef,
		Issuer: issuer,
		Claims: map[int]string{
			2: c.EventName, 3: c.SHA, 4: c.Workflow, 5: c.Repository, 6: c.Ref,
			9: host + c.JobWorkflowRef, 10: c.JobWorkflowSHA, 11: c.RunnerEnvironment,
			12: host + c.Repository, 13: c.SHA, 14: c.Ref, 15: c.RepositoryID,
			16: host + c.RepositoryOwner, 17: c.RepositoryOwnerID,
			18: host + c.WorkflowRef, 19: c.WorkflowSHA, 20: c.EventName,
			21: host + c.Repository + "/actions/runs/" + c.RunID + "/attempts/" + c.RunAttempt,
			22: c.RepositoryVisibility, 24: subject,
		},
	}, nil
}
