package login

// Describe says which program a login would open a page with, or why none.
func (y System) Describe(configured string) (program, why string) {
	if why := y.noBrowser(configured); why != "" {
		return "", why
	}
	all := [][]string{fillIn(configured, "{url}", "")}
	if len(all[0]) == 0 {
		all = y.openers("")
	} else if _, err := y.Find(all[0][0]); err != nil {
		return "", err.Error()
	}
	return all[0][0], ""
}
