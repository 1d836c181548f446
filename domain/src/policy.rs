//! Policy documents: ratios, class sizes, deadlines, papers, the competent authority. Data, never constants.
