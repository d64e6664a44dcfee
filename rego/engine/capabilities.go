package engine

import (
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"
)

// Functions through which a policy would reach the network or the process.
var refused = []string{"http.send", "net.lookup_ip_addr", "opa.runtime"}

// capabilities are what policies may use: OPA's own functions but for the refused ones, the host's functions,
// package URLs, and no network for remote schemas.
func capabilities() *ast.Capabilities {
	all := ast.CapabilitiesForThisVersion()
	all.Builtins = slices.DeleteFunc(slices.Clone(all.Builtins), func(builtin *ast.Builtin) bool {
		return slices.Contains(refused, builtin.Name)
	})
	all.Builtins = append(all.Builtins, hostFunctions...)
	for _, function := range purlFunctions {
		all.Builtins = append(all.Builtins, function.Decl)
	}
	all.AllowNet = []string{}
	return all
}
