// Command scratch is the only file of an image without a shell: it prints its arguments and the names of its
// variables, and ends with the number that its first argument is, if it is one.
package main

import (
	"fmt"
	"os"
	"sort"
	"strconv"
	"strings"
)

func main() {
	for place, argument := range os.Args[1:] {
		fmt.Printf("arg %d: %s\n", place+1, argument)
	}
	names := []string{}
	for _, variable := range os.Environ() {
		name, _, _ := strings.Cut(variable, "=")
		names = append(names, name)
	}
	sort.Strings(names)
	fmt.Printf("env: %s\n", strings.Join(names, " "))
	if len(os.Args) > 1 {
		if code, err := strconv.Atoi(os.Args[1]); err == nil {
			os.Exit(code)
		}
	}
}
