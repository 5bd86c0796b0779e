"""What is done to marked audio: each module one kind of attack, each function one attack."""
