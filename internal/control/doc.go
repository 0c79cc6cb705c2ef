// Package control is the control plane: organisations, workspaces, users,
// sessions, API keys, virtual keys and configs, a file per noun. Its Service
// checks what the caller may do, writes to the store and, before it answers,
// publishes the change to the directory that the data plane reads. It knows
// neither HTTP nor SQL.
package control
