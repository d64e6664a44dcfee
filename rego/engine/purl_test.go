package engine

import (
	"testing"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/topdown"
)

func callPurl(t *testing.T, function topdown.BuiltinFunc, text string) string {
	t.Helper()
	result := "undefined"
	keep := func(term *ast.Term) error {
		result = term.String()
		return nil
	}
	if err := function(topdown.BuiltinContext{}, []*ast.Term{ast.StringTerm(text)}, keep); err != nil {
		t.Fatal(err)
	}
	return result
}

func TestPackageURLs(t *testing.T) {
	cases := map[string]string{
		"pkg:npm/%40acme/tool@1.0.0?b=2&a=1#src/lib": `{"name": "tool", "namespace": "@acme", "qualifiers": [{"key": "a", "value": "1"}, {"key": "b", "value": "2"}], "subpath": "src/lib", "type": "npm", "version": "1.0.0"}`,
		"pkg:golang/GIT.test/Acme/Tool@v1":           `{"name": "tool", "namespace": "git.test/acme", "qualifiers": [], "subpath": "", "type": "golang", "version": "v1"}`,
		"pkg:pypi/Under_Score@1":                     `{"name": "under-score", "namespace": "", "qualifiers": [], "subpath": "", "type": "pypi", "version": "1"}`,
	}
	for text, want := range cases {
		if got := callPurl(t, parsePurl, text); got != want {
			t.Errorf("%s: %s", text, got)
		}
		if got := callPurl(t, isPurl, text); got != "true" {
			t.Errorf("%s is valid: %s", text, got)
		}
	}
}

func TestWhatIsNoPackageURL(t *testing.T) {
	for _, text := range []string{"", "not a purl", "pkg:", "pkg:npm", "https://example.test/tool@1", "pkg:npm/a?b=%zz"} {
		if got := callPurl(t, parsePurl, text); got != "undefined" {
			t.Errorf("%q: %s", text, got)
		}
		if got := callPurl(t, isPurl, text); got != "false" {
			t.Errorf("%q is valid: %s", text, got)
		}
	}
}
