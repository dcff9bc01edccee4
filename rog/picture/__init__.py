"""Pictures of answers: a trace as a scene, its layout, and the drawing as SVG, HTML or PNG."""
