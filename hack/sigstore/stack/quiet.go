package stack

import (
	"flag"
	"log/slog"
	"os"

	fulciolog "github.com/sigstore/fulcio/pkg/log"
	tsalog "github.com/sigstore/timestamp-authority/v2/pkg/log"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"k8s.io/klog/v2"
)

// quiet sends what the services in this process have to say to
// log/services.log. Rekor v2 replaces the default slog logger when it
// starts; see startIssuer, which puts this one back.
func (s *Stack) quiet() error {
	f, err := os.OpenFile(s.path(logDir, servicesLog), os.O_CREATE|os.O_WRONLY|os.O_APPEND, privateFile)
	if err != nil {
		return err
	}
	s.onClose(func() { _ = f.Sync() }) // stays open: the services of this process go on logging

	// Fulcio, timestamp authority.
	core := zapcore.NewCore(zapcore.NewConsoleEncoder(zap.NewProductionEncoderConfig()), zapcore.AddSync(f), zap.InfoLevel)
	fulciolog.Logger = zap.New(core).Sugar().Named("fulcio")
	tsalog.Logger = zap.New(core).Sugar().Named("tsa")

	// Rekor v2, issuer.
	slog.SetDefault(slog.New(slog.NewTextHandler(f, &slog.HandlerOptions{Level: slog.LevelInfo})))

	// Trillian, CTFE. The in-memory storage warns at every pass of the
	// sequencer, so errors only.
	var flags flag.FlagSet
	klog.InitFlags(&flags)
	for name, value := range map[string]string{"logtostderr": "false", "alsologtostderr": "false", "stderrthreshold": "FATAL"} {
		if err := flags.Set(name, value); err != nil {
			return err
		}
	}
	klog.SetOutputBySeverity("INFO", discard{})
	klog.SetOutputBySeverity("WARNING", discard{})
	klog.SetOutputBySeverity("ERROR", f)
	return nil
}

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }
