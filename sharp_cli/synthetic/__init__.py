"""Generated data: phantoms, lesions, perturbed radiographs and implanted patches."""
