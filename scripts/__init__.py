"""What needs Brownie: deploying, exporting ABIs."""
