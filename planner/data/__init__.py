"""What is learned from: rows of questions, the relation paths mined for them, wordings made from a graph."""
