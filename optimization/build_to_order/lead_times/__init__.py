"""How long the stages of an order take, learnt from orders whole and open."""
