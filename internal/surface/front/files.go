package front

import (
	"embed"
	"io/fs"
)

//go:embed page/*.html
var pageFiles embed.FS

//go:embed static
var staticFiles embed.FS

// Pages are the templates of the public pages, for web.Renderer.
func Pages() fs.FS { return sub(pageFiles, "page") }

// StaticFiles are the style, scripts and pictures of the public pages, for web.Static.
func StaticFiles() fs.FS { return sub(staticFiles, "static") }

// sub cannot fail for the folders embedded above: their names are valid.
func sub(fsys fs.FS, dir string) fs.FS {
	s, err := fs.Sub(fsys, dir)
	if err != nil {
		panic(err)
	}
	return s
}
