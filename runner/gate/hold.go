package main

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// statusLimit is more than the four status values and the io.drone annotations of a Pod, which has 256 KiB of annotations at most.
const statusLimit = 1 << 20

// hold starts a swapped step whose command line is known. The command of a container stays when its image is swapped: in the image
// of the placeholder it is the placeholder, and in the image of the step it becomes the program. Both may be an image with a
// placeholder, if a pipeline builds one: only the swap writes the status file.
func hold(p places, container, argv []string) int {
	if exists(p.placeholder) && !hasContent(filepath.Join(p.drone, "env")) {
		return placeholder(p, nil)
	}
	env := childEnvironment(container, stage{}, ownStep{}, nil)
	for key, value := range statusOf(filepath.Join(p.drone, "env")) {
		if _, set := env[key]; !set {
			env[key] = value
		}
	}
	path, refused := lookUp(argv[0], env)
	if refused == nil {
		refused = refusedBy(path, syscall.Exec(path, argv, environmentList(env)))
	}
	write(stderr, "hangar: cannot run "+refused.text+"\n")
	return refused.code
}

func hasContent(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Size() > 0
}

// statusOf reads the status values from a file of the downward API; without the file there are none.
func statusOf(path string) map[string]string {
	awaitContent(path)
	text, err := readSmall(path, statusLimit)
	if err != nil {
		return nil
	}
	values := map[string]string{}
	for _, line := range strings.Split(text, "\n") {
		key, quoted, _ := strings.Cut(line, "=")
		if value, err := strconv.Unquote(quoted); err == nil && strings.HasPrefix(key, "DRONE_") {
			values[key] = value
		}
	}
	return values
}
