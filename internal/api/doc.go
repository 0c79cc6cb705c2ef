// Package api is what the HTTP doors have in common: who is calling, reading a
// request under limits, writing a reply. Each wire format has a folder with its
// routes; the control plane's are in admin.
package api
