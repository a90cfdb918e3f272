package deploy

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

// The timer's files are what systemd understands. The program they start is a
// stand-in: it is not installed here.
func TestSystemdUnits(t *testing.T) {
	if _, err := exec.LookPath("systemd-analyze"); err != nil {
		t.Skip("no systemd-analyze here, which would read the units")
	}
	dir := t.TempDir()
	for _, name := range []string{"sluice.service", "sluice.timer"} {
		text := read(t, name)
		write(t, dir, name, strings.ReplaceAll(text, "/usr/local/bin/sluice", "/bin/true"), 0o600)
	}
	out, code := script(t, nil, "systemd-analyze", "verify", "--man=no", filepath.Join(dir, "sluice.service"), filepath.Join(dir, "sluice.timer"))
	if code != 0 || out != "" {
		t.Errorf("ended with %d: %s", code, out)
	}
	out, code = script(t, nil, "systemd-analyze", "calendar", setting(t, "sluice.timer", "OnCalendar"))
	if code != 0 {
		t.Errorf("when it starts: %s", out)
	}
}

// Whatever starts runs lets one end in good order before it kills it: the
// run's own deadline comes first.
func TestDeadlinesComeBeforeKills(t *testing.T) {
	deadline := regexp.MustCompile(`--deadline"?,? "?14m`)
	for _, name := range []string{"crontab", "sluice.service", "cronjob.yaml"} {
		if !deadline.MatchString(read(t, name)) {
			t.Errorf("%s does not start runs with --deadline 14m", name)
		}
	}
	if got := setting(t, "sluice.service", "TimeoutStartSec"); got != "16m" {
		t.Errorf("systemd kills after %s", got)
	}
	if got := setting(t, "sluice.service", "SuccessExitStatus"); got != "4" {
		t.Errorf("codes that are no failure: %s", got)
	}
}

// cronJob is what is written of batch/v1, https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/cron-job-v1/
// It is read strictly, so that a misspelt field is found.
type cronJob struct {
	APIVersion string `yaml:"apiVersion"`
	Kind       string
	Metadata   struct{ Name string }
	Spec       struct {
		Schedule                   string
		ConcurrencyPolicy          string `yaml:"concurrencyPolicy"`
		StartingDeadlineSeconds    int    `yaml:"startingDeadlineSeconds"`
		SuccessfulJobsHistoryLimit int    `yaml:"successfulJobsHistoryLimit"`
		FailedJobsHistoryLimit     int    `yaml:"failedJobsHistoryLimit"`
		JobTemplate                struct {
			Spec struct {
				BackoffLimit          int `yaml:"backoffLimit"`
				ActiveDeadlineSeconds int `yaml:"activeDeadlineSeconds"`
				Template              struct{ Spec podSpec }
			}
		} `yaml:"jobTemplate"`
	}
}

type podSpec struct {
	RestartPolicy                 string `yaml:"restartPolicy"`
	TerminationGracePeriodSeconds int    `yaml:"terminationGracePeriodSeconds"`
	AutomountServiceAccountToken  bool   `yaml:"automountServiceAccountToken"`
	SecurityContext               struct {
		RunAsNonRoot   bool                  `yaml:"runAsNonRoot"`
		RunAsUser      int                   `yaml:"runAsUser"`
		RunAsGroup     int                   `yaml:"runAsGroup"`
		FSGroup        int                   `yaml:"fsGroup"`
		SeccompProfile struct{ Type string } `yaml:"seccompProfile"`
	} `yaml:"securityContext"`
	Containers []struct {
		Name, Image string
		Args        []string
		WorkingDir  string `yaml:"workingDir"`
		EnvFrom     []struct {
			SecretRef struct{ Name string } `yaml:"secretRef"`
		} `yaml:"envFrom"`
		SecurityContext struct {
			AllowPrivilegeEscalation bool `yaml:"allowPrivilegeEscalation"`
			ReadOnlyRootFilesystem   bool `yaml:"readOnlyRootFilesystem"`
			Capabilities             struct{ Drop []string }
		} `yaml:"securityContext"`
		Resources    struct{ Requests, Limits map[string]string }
		VolumeMounts []struct {
			Name      string
			MountPath string `yaml:"mountPath"`
		} `yaml:"volumeMounts"`
	}
	Volumes []volume
}

type volume struct {
	Name                  string
	PersistentVolumeClaim struct {
		ClaimName string `yaml:"claimName"`
	} `yaml:"persistentVolumeClaim"`
	EmptyDir struct{} `yaml:"emptyDir"`
}

func TestCronJob(t *testing.T) {
	var job cronJob
	if err := yaml.UnmarshalWithOptions([]byte(read(t, "cronjob.yaml")), &job, yaml.Strict()); err != nil {
		t.Fatal(err)
	}
	pod := job.Spec.JobTemplate.Spec.Template.Spec
	if job.APIVersion != "batch/v1" || job.Kind != "CronJob" || job.Spec.ConcurrencyPolicy != "Forbid" || pod.RestartPolicy != "Never" || len(pod.Containers) != 1 {
		t.Fatalf("%+v", job)
	}
	if got := job.Spec.JobTemplate.Spec.ActiveDeadlineSeconds; got != 16*60 {
		t.Errorf("Kubernetes ends a run after %d seconds", got)
	}
	c := pod.Containers[0]
	for _, m := range c.VolumeMounts {
		if !slices.ContainsFunc(pod.Volumes, func(v volume) bool { return v.Name == m.Name }) {
			t.Errorf("there is no volume %s", m.Name)
		}
	}
	if !strings.Contains(read(t, "../../Dockerfile"), "WORKDIR "+c.WorkingDir+"\n") {
		t.Errorf("the image works elsewhere than in %s", c.WorkingDir)
	}
}

// What the image is built from is there, and is all that the program is made of.
func TestDockerfile(t *testing.T) {
	var copied []string
	for _, m := range regexp.MustCompile(`(?m)^COPY ([^-\n].*) \S+$`).FindAllStringSubmatch(read(t, "../../Dockerfile"), -1) {
		copied = append(copied, strings.Fields(m[1])...)
	}
	for _, name := range copied {
		if _, err := os.Stat(filepath.Join("../..", name)); err != nil {
			t.Error(err)
		}
		if !strings.Contains(read(t, "../../.dockerignore"), "!"+name+"\n") {
			t.Errorf("%s is copied and ignored", name)
		}
	}
	const module = "github.com/sluice-sec/sluice/"
	out, code := script(t, nil, "go", "list", "-deps", "../../cmd/sluice")
	if code != 0 {
		t.Fatal(out)
	}
	for _, path := range strings.Fields(out) {
		if path, ours := strings.CutPrefix(path, module); ours {
			top, _, _ := strings.Cut(path, "/")
			if !slices.Contains(copied, top) {
				t.Errorf("the program needs %s, which is not copied", path)
			}
		}
	}
	goMod := regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindStringSubmatch(read(t, "../../go.mod"))
	if goMod == nil || !strings.Contains(read(t, "../../Dockerfile"), "FROM golang:"+goMod[1]+" ") {
		t.Errorf("it is built by another Go than go.mod wants: %v", goMod)
	}
}

// setting is the value of a key in a unit.
func setting(t *testing.T, unit, key string) string {
	t.Helper()
	m := regexp.MustCompile(`(?m)^` + key + `=(.*)$`).FindStringSubmatch(read(t, unit))
	if m == nil {
		t.Fatalf("%s has no %s", unit, key)
	}
	return m[1]
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
