package stack

import (
	"log/slog"
	"os"

	fulciolog "github.com/sigstore/fulcio/pkg/log"
	tsalog "github.com/sigstore/timestamp-authority/v2/pkg/log"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"k8s.io/klog/v2"
)

// openLog makes log/services.log the place for what the services in this
// process have to say. It stays open until the process ends, as they do.
func (s *Stack) openLog() error {
	var err error
	if s.log, err = os.OpenFile(s.path(logDir, servicesLog), os.O_CREATE|os.O_WRONLY|os.O_APPEND, privateFile); err != nil {
		return err
	}
	// Fulcio, timestamp authority.
	core := zapcore.NewCore(zapcore.NewConsoleEncoder(zap.NewProductionEncoderConfig()), zapcore.AddSync(s.log), zap.InfoLevel)
	fulciolog.Logger = zap.New(core).Sugar().Named("fulcio")
	tsalog.Logger = zap.New(core).Sugar().Named("tsa")
	s.redirectDefaultLogs()
	return nil
}

// redirectDefaultLogs points the process' default loggers to the log file.
// Rekor v2 points them to stderr when it starts, and klog may not be changed
// while others write to it: call this after Rekor v2 and before Trillian.
func (s *Stack) redirectDefaultLogs() {
	// Rekor v2, issuer.
	slog.SetDefault(slog.New(slog.NewTextHandler(s.log, &slog.HandlerOptions{Level: slog.LevelInfo})))
	// Trillian, CTFE, Rekor v2's storage. Trillian's storage in memory warns
	// at every pass of the sequencer, so errors only.
	klog.SetSlogLogger(slog.New(slog.NewTextHandler(s.log, &slog.HandlerOptions{Level: slog.LevelError})))
}
