"""What the networks of `devbench/suites/talk/` learn from and how, shared by several of them."""
