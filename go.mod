module github.com/paraph/paraph

go 1.26.0

// The programs.
require (
	github.com/coreos/go-oidc/v3 v3.20.0 // login, paraph-agent only
	github.com/go-git/go-git/v5 v5.19.3 // git/gogit only
	github.com/go-jose/go-jose/v4 v4.1.4 // login, paraph-agent only
	github.com/pjbgf/sha1cd v0.7.0
	github.com/rogpeppe/go-internal v1.16.0 // lockedfile in paraph-agent; testscript
	github.com/spf13/cobra v1.10.2
	github.com/spf13/pflag v1.0.9
	github.com/theupdateframework/go-tuf/v2 v2.4.2 // paraph-agent only
	github.com/transparency-dev/merkle v0.0.2
	github.com/zalando/go-keyring v0.2.8 // refresh tokens, paraph-agent only
	golang.org/x/crypto v0.58.0
	golang.org/x/mod v0.42.0
	golang.org/x/oauth2 v0.37.0 // login, paraph-agent only
	google.golang.org/protobuf v1.36.12 // encoding/protowire; all of it in paraph-agent
)

// The tests.
require (
	github.com/ProtonMail/go-crypto v1.4.1 // judge of internal/openpgp
	github.com/digitorus/pkcs7 v0.0.0-20230713084857-e76b763bdc49
	github.com/digitorus/timestamp v0.0.0-20250524132541-c45532741eea
	github.com/github/smimesign v0.2.0
	github.com/santhosh-tekuri/jsonschema/v6 v6.0.3 // what docs/output.schema.json and SARIF's own say
	github.com/sigstore/sigstore v1.10.6 // TUF repositories
	go.mozilla.org/pkcs7 v0.10.0
)

require golang.org/x/sys v0.49.0

require (
	dario.cat/mergo v1.0.0 // indirect
	github.com/Microsoft/go-winio v0.6.2 // indirect
	github.com/cenkalti/backoff/v5 v5.0.3 // indirect
	github.com/cloudflare/circl v1.6.3 // indirect
	github.com/cyphar/filepath-securejoin v0.6.1 // indirect
	github.com/danieljoos/wincred v1.2.3 // indirect
	github.com/emirpasic/gods v1.18.1 // indirect
	github.com/go-git/gcfg v1.5.1-0.20230307220236-3a3c6141e376 // indirect
	github.com/go-git/go-billy/v5 v5.9.2 // indirect
	github.com/godbus/dbus/v5 v5.2.2 // indirect
	github.com/golang/groupcache v0.0.0-20241129210726-2c02b8208cf8 // indirect
	github.com/google/go-containerregistry v0.20.7 // indirect
	github.com/inconshreveable/mousetrap v1.1.0 // indirect
	github.com/jbenet/go-context v0.0.0-20150711004518-d14ea06fba99 // indirect
	github.com/kevinburke/ssh_config v1.2.0 // indirect
	github.com/opencontainers/go-digest v1.0.0 // indirect
	github.com/secure-systems-lab/go-securesystemslib v0.11.0 // indirect
	github.com/sergi/go-diff v1.3.2-0.20230802210424-5b0b94c5c0d3 // indirect
	github.com/sigstore/protobuf-specs v0.5.0 // indirect
	github.com/skeema/knownhosts v1.3.1 // indirect
	github.com/xanzy/ssh-agent v0.3.3 // indirect
	golang.org/x/net v0.60.0 // indirect
	golang.org/x/term v0.47.0 // indirect
	golang.org/x/text v0.43.0 // indirect
	golang.org/x/tools v0.51.0 // indirect
	google.golang.org/genproto/googleapis/api v0.0.0-20250825161204-c5933d9347a5 // indirect
	gopkg.in/warnings.v0 v0.1.2 // indirect
)
