package main

import (
	"sort"
	"strconv"
	"strings"
	"time"
)

// statusValues are computed by the gate, with their values at the start of the step.
func statusValues(s stage, failed []string, now time.Time) map[string]string {
	word := func(bad bool) string {
		if bad {
			return "failure"
		}
		return "success"
	}
	seconds := strconv.FormatInt(now.Unix(), 10)
	return map[string]string{
		"DRONE_BUILD_STATUS":   word(s.BuildFailed || len(failed) > 0),
		"DRONE_BUILD_FINISHED": seconds,
		"DRONE_STAGE_STATUS":   word(len(failed) > 0),
		"DRONE_STAGE_FINISHED": seconds,
	}
}

// childEnvironment merges the layers, later ones override: the container's own, the stage's, the gate's, the step's.
func childEnvironment(container []string, s stage, step ownStep, known map[string]string) map[string]string {
	merged := map[string]string{}
	for _, entry := range container {
		if key, value, ok := strings.Cut(entry, "="); ok {
			merged[key] = value
		}
	}
	for key, value := range s.Env {
		merged[key] = value
	}
	for _, key := range step.Unset {
		delete(merged, key)
	}
	for key, value := range known {
		merged[key] = value
	}
	for key, value := range step.Env {
		merged[key] = value
	}
	return merged
}

// environmentList converts to the form for execve; invalid entries are left out.
func environmentList(merged map[string]string) []string {
	list := make([]string, 0, len(merged))
	for key, value := range merged {
		if key == "" || strings.ContainsAny(key, "=\x00") || strings.Contains(value, "\x00") {
			continue
		}
		list = append(list, key+"="+value)
	}
	sort.Strings(list)
	return list
}

// envFile is /run/drone/env in the format of the downward API. Plugins load it over their environment and can't parse
// the file if one key is invalid: it contains only the status values and the io.drone keys.
func envFile(droneEnv, status map[string]string) string {
	lines := map[string]string{}
	for key, value := range droneEnv {
		if plainKey(key) {
			lines[key] = value
		}
	}
	for key, value := range status {
		lines[key] = value
	}
	keys := make([]string, 0, len(lines))
	for key := range lines {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	var text strings.Builder
	for _, key := range keys {
		text.WriteString(key + "=" + strconv.Quote(lines[key]) + "\n")
	}
	return text.String()
}

func plainKey(key string) bool {
	odd := func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_' || r == '.' || r == '-')
	}
	return key != "" && !strings.ContainsFunc(key, odd)
}

// gateValues are all variables that the gate sets in the child's environment.
func gateValues(s stage, n int, failing []string, status map[string]string) map[string]string {
	values := map[string]string{"DRONE_STEP_NUMBER": strconv.Itoa(n)}
	for key, value := range status {
		values[key] = value
	}
	if names := append(append([]string{}, s.FailedSteps...), failing...); len(names) > 0 {
		values["DRONE_FAILED_STEPS"] = strings.Join(names, ",")
	}
	return values
}
