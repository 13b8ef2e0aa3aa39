"""Programs in the format of ONNX."""
