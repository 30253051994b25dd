"""What people see of the stand-in: plain forms, no script, no inline style."""
