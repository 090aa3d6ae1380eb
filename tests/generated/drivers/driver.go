// Prints what the declarations make of structures: a line "name stream_size hex" in, a line of values and rules out.
package main

import (
	"bufio"
	"encoding/hex"
	"fmt"
	"os"
	"strconv"
	"strings"

	"driver/vhdx"
)

func shown(value any, ok bool) string {
	if !ok {
		return "-"
	}
	switch found := value.(type) {
	case bool:
		if found {
			return "1"
		}
		return "0"
	case []byte:
		return hex.EncodeToString(found)
	}
	return fmt.Sprint(value)
}

func facts() {
	for _, one := range vhdx.Structures {
		fmt.Print(one.Name, " ", one.Size)
		for _, field := range one.Fields {
			fmt.Print(" ", field.Name, ":", field.Offset, ":", field.Size)
		}
		fmt.Println()
	}
	fact := func(value any) { fmt.Println(shown(value, true)) }
	// CONSTANTS
}

func main() {
	if len(os.Args) > 1 {
		facts()
		return
	}
	known := map[string]vhdx.Structure{}
	for _, one := range vhdx.Structures {
		known[one.Name] = one
	}
	in, out := bufio.NewScanner(os.Stdin), bufio.NewWriter(os.Stdout)
	defer out.Flush()
	in.Buffer(nil, 1<<28)
	for in.Scan() {
		parts := strings.Split(in.Text(), " ")
		size, _ := strconv.ParseUint(parts[1], 10, 64)
		raw, _ := hex.DecodeString(parts[2])
		one := known[parts[0]]
		for _, field := range one.Fields {
			fmt.Fprintf(out, "%s=%s ", field.Name, shown(field.Read(raw)))
		}
		for _, value := range one.Derived {
			fmt.Fprintf(out, "%s=%s ", value.Name, shown(value.Read(raw, size)))
		}
		for _, rule := range one.Rules {
			holds, ok := rule.Holds(raw, size)
			fmt.Fprintf(out, "%s/%s=%s ", rule.ID, rule.Name, shown(holds, ok))
		}
		fmt.Fprintln(out)
	}
}
