package stack

import (
	"context"
	"net"
	"time"

	"github.com/google/trillian"
	"github.com/google/trillian/client"
	"github.com/google/trillian/extension"
	tlog "github.com/google/trillian/log"
	"github.com/google/trillian/monitoring"
	"github.com/google/trillian/quota"
	"github.com/google/trillian/server"
	"github.com/google/trillian/server/admin"
	"github.com/google/trillian/storage"
	_ "github.com/google/trillian/storage/memory" // registers the provider "memory"
	"github.com/google/trillian/util/clock"
	"github.com/google/trillian/util/election2"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/types/known/durationpb"
)

const (
	sequencerInterval = 50 * time.Millisecond
	sequencerBatch    = 100
	maxRootAge        = time.Hour // a new signed root at least this often
)

// trillianServer is a Trillian log server, with its administration and its
// sequencer, over storage in memory. CTFE and Rekor v1 keep their trees in it.
type trillianServer struct {
	addr  *net.TCPAddr
	log   trillian.TrillianLogClient
	admin trillian.TrillianAdminClient
}

// startTrillian fills in t.
func (s *Stack) startTrillian(ctx context.Context, t *trillianServer) error {
	metrics := monitoring.InertMetricFactory{}
	provider, err := storage.NewProvider("memory", metrics)
	if err != nil {
		return err
	}
	registry := extension.Registry{
		AdminStorage:    provider.AdminStorage(),
		LogStorage:      provider.LogStorage(),
		ElectionFactory: election2.NoopFactory{},
		QuotaManager:    quota.Noop(),
		MetricFactory:   metrics,
	}
	srv := grpc.NewServer()
	trillian.RegisterTrillianLogServer(srv, server.NewTrillianLogRPCServer(registry, clock.System))
	trillian.RegisterTrillianAdminServer(srv, admin.New(registry, nil))
	l, _, err := listen()
	if err != nil {
		return err
	}
	s.onClose(srv.Stop)
	go func() { _ = srv.Serve(l) }()

	info := tlog.OperationInfo{
		Registry: registry, BatchSize: sequencerBatch, NumWorkers: 2,
		RunInterval: sequencerInterval, TimeSource: clock.System,
	}
	// The sequencer outlives the start, hence not the caller's cancellation.
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	s.onClose(stop)
	go tlog.NewOperationManager(info, tlog.NewSequencerManager(registry, 0)).OperationLoop(running)

	conn, err := grpc.NewClient(l.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return err
	}
	s.onClose(func() { _ = conn.Close() })
	t.addr = l.Addr().(*net.TCPAddr)
	t.log = trillian.NewTrillianLogClient(conn)
	t.admin = trillian.NewTrillianAdminClient(conn)
	return nil
}

// newTree makes an empty log and returns its id.
func (t *trillianServer) newTree(ctx context.Context, name string) (int64, error) {
	tree, err := client.CreateAndInitTree(ctx, &trillian.CreateTreeRequest{Tree: &trillian.Tree{
		TreeState:       trillian.TreeState_ACTIVE,
		TreeType:        trillian.TreeType_LOG,
		DisplayName:     name,
		MaxRootDuration: durationpb.New(maxRootAge),
	}}, t.admin, t.log)
	if err != nil {
		return 0, err
	}
	return tree.GetTreeId(), nil
}
