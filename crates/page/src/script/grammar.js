// grammar
