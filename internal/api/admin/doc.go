// Package admin is the control plane over HTTP: the routes that Portkey's SDKs
// and the console call, from one table in which every route has its policy. It
// also says who makes a request, which the data plane asks too.
package admin
