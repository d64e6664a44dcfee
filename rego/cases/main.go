// Command cases prints OPA's compliance cases, which come with its module, as OPA's own tests read them: one JSON object a
// line. Data, input and results are texts, so that no number loses a digit.
package main

import (
	"encoding/json"
	"fmt"
	"log"
	"os"

	"github.com/open-policy-agent/opa/v1/test/cases"
)

type line struct {
	Note         string            `json:"note"`
	Modules      []string          `json:"modules"`
	Query        string            `json:"query"`
	Data         string            `json:"data"`
	Input        string            `json:"input"`
	InputTerm    *string           `json:"inputTerm,omitempty"`
	WantKeys     []string          `json:"wantKeys"`
	WantResult   string            `json:"wantResult,omitempty"`
	WantCode     *string           `json:"wantCode,omitempty"`
	WantError    *string           `json:"wantError,omitempty"`
	SortBindings bool              `json:"sortBindings"`
	StrictErrors bool              `json:"strictErrors"`
	Env          map[string]string `json:"env,omitempty"`
}

func main() {
	log.SetFlags(0)
	all, err := cases.Load(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	seen := map[string]int{}
	for _, one := range all.Sorted().Cases {
		// Some cases share a note.
		if seen[one.Note]++; seen[one.Note] > 1 {
			one.Note = fmt.Sprintf("%s (%d)", one.Note, seen[one.Note])
		}
		fmt.Println(text(toLine(one)))
	}
}

func toLine(one cases.TestCase) line {
	result := line{
		Note:         one.Note,
		Modules:      one.Modules,
		Query:        one.Query,
		Data:         "{}",
		Input:        "null",
		InputTerm:    one.InputTerm,
		WantKeys:     []string{},
		WantCode:     one.WantErrorCode,
		WantError:    one.WantError,
		SortBindings: one.SortBindings,
		StrictErrors: one.StrictError,
		Env:          one.Env,
	}
	if one.Data != nil {
		result.Data = text(*one.Data)
	}
	if one.Input != nil {
		result.Input = text(*one.Input)
	}
	if one.WantResult != nil {
		result.WantResult = text(*one.WantResult)
		for _, bindings := range (*one.WantResult)[:min(1, len(*one.WantResult))] {
			for key := range bindings {
				result.WantKeys = append(result.WantKeys, key)
			}
		}
	}
	return result
}

func text(value any) string {
	encoded, err := json.Marshal(value)
	if err != nil {
		log.Fatal(err)
	}
	return string(encoded)
}
