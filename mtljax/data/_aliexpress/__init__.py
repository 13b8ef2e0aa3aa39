"""AliExpress: clicks and purchases."""
